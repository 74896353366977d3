import ipaddr from 'ipaddr.js'

/** What is allotted to the public in IPv6. All else there is special, or IPv4 in disguise. */
const publicV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]

/** Where machines tell those who run on them who they are and what they may: the prize of every forged request. */
const metadata = [
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  '169.254.0.0/16',
  'fe80::/10',
].map((network) => ipaddr.parseCIDR(network))

/** As the network understands it: an IPv4 address that is written as IPv6 is that IPv4 address. */
function parsed(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(address) && !address.includes('%') ? ipaddr.process(address) : undefined
}

const isIn = (address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: [ipaddr.IPv4 | ipaddr.IPv6, number]) =>
  address.kind() === network.kind() && address.match(network, bits)

/** Link-local and metadata addresses, where nobody's server is. What cannot be read counts as one. */
export function isMetadata(text: string): boolean {
  const address = parsed(text)
  return !address || metadata.some((network) => isIn(address, network))
}

/** An address of the open internet, to which a stranger may send us. */
export function isPublic(text: string): boolean {
  const address = parsed(text)
  if (!address || isMetadata(text) || address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || isIn(address, publicV6)
}

/**
 * What belongs to one household: an IPv4 address, or the 64 bits that the shortest IPv6 network has in common. Whoever has
 * one such network has as many addresses as there are, so what is counted by address is counted by this.
 */
export function networkOf(address: string): string {
  const known = parsed(address)
  if (known?.kind() !== 'ipv6') return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${known.toString()}/64`).toString()}/64`
}

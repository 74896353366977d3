/** The library is only loaded when a certificate has to be made. */
export async function certificates() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

/** Both as text (PEM; the key in PKCS #8), each ending with its line. */
export async function pairOf(
  certificate: { toString(format: 'pem'): string },
  privateKey: Parameters<typeof crypto.subtle.exportKey>[1],
): Promise<{ cert: string; key: string }> {
  const { PemConverter } = await certificates()
  return {
    cert: `${certificate.toString('pem').trim()}\n`,
    key: `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY').trim()}\n`,
  }
}

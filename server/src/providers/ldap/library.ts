let loaded: Promise<typeof import('ldapts')> | undefined

/**
 * The library, which is loaded when somebody uses LDAP. It takes a length of four bytes for a number with a sign: one below nothing would
 * lead its reader, and ours, back to what was read already, round and round, and nobody else would be served any more.
 */
export const library = (): Promise<typeof import('ldapts')> =>
  (loaded ??= import('ldapts').then((ldapts) => {
    const { BerReader, InvalidAsn1Error } = ldapts
    const readLength = BerReader.prototype.readLength
    BerReader.prototype.readLength = function (this: InstanceType<typeof BerReader>, from?: number) {
      const behind = readLength.call(this, from)
      if (this.length < 0) throw new InvalidAsn1Error('A length below nothing')
      return behind
    }
    return ldapts
  }))

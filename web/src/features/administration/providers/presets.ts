import type { SettingsOf } from './draft.svelte.ts'

type Preset = SettingsOf<'ldap'>['preset']
export const presetNames: Record<Preset, string> = {
  openldap: 'OpenLDAP',
  zimbra: 'Zimbra, Carbonio',
  activedirectory: 'Active Directory',
}

/** What is read of an entry, by the kind of directory; the hub knows the same. */
export const reads: Record<Preset, { id: string; address: string; name: string; status: string; accounts: string; groups: string }> = {
  openldap: {
    id: 'entryUUID',
    address: 'mail',
    name: 'displayName, cn',
    status: 'pwdAccountLockedTime, nsAccountLock',
    accounts: '(objectClass=inetOrgPerson)',
    groups: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))',
  },
  zimbra: {
    id: 'zimbraId',
    address: 'zimbraMailDeliveryAddress, mail',
    name: 'displayName, cn',
    status: 'zimbraAccountStatus',
    accounts: '(objectClass=zimbraAccount)',
    groups: '(objectClass=zimbraDistributionList)',
  },
  activedirectory: {
    id: 'objectGUID',
    address: 'mail, userPrincipalName',
    name: 'displayName, cn',
    status: 'userAccountControl, accountExpires',
    accounts: '(&(objectCategory=person)(objectClass=user))',
    groups: '(objectClass=group)',
  },
}

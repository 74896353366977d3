import type { SettingsOf } from './draft.svelte.ts'

type Mapping = SettingsOf<'saml'>['mapping']
const claims = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims'

/** What well-known providers call things. */
export const usualMappings: Readonly<Record<string, Mapping>> = {
  'Microsoft Entra ID, AD FS': {
    address: `${claims}/emailaddress`,
    name: 'http://schemas.microsoft.com/identity/claims/displayname',
    given: `${claims}/givenname`,
    surname: `${claims}/surname`,
    title: '',
  },
  'Shibboleth, SimpleSAMLphp (OID)': {
    address: 'urn:oid:0.9.2342.19200300.100.1.3',
    name: 'urn:oid:2.16.840.1.113730.3.1.241',
    given: 'urn:oid:2.5.4.42',
    surname: 'urn:oid:2.5.4.4',
    title: 'urn:oid:2.5.4.12',
  },
  'Keycloak, Okta, Google': { address: 'email', name: '', given: 'firstName', surname: 'lastName', title: '' },
  'mail, cn, givenName, sn': { address: 'mail', name: 'cn', given: 'givenName', surname: 'sn', title: 'title' },
}

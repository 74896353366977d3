import { tick } from 'svelte'
import type { DomainId, Draft, Failure, Hub, Output, Provider, ProviderSettings } from '@atrium/protocol'
import type { Asking } from '#lib/hub/asking.svelte.ts'
import { m, sentence } from '#lib/i18n/index.ts'
import { toasts } from '#lib/ui/index.ts'

export type Tested = Output<Hub, 'providers.test'>
type Kind = ProviderSettings['kind']
export type SettingsOf<K extends Kind> = Extract<ProviderSettings, { kind: K }>

interface Deps<K extends Kind> {
  asking: Asking
  domainId: DomainId
  provider: Provider | undefined
  settings: SettingsOf<K>
  took: (provider: Provider) => void
}
/** A provider that is being written: what was changed, what is wrong with which field, and what a test said. */
export class ProviderDraft<K extends Kind> {
  readonly #deps: Deps<K>
  #before: string
  settings: SettingsOf<K> = $state()!
  provider = $state.raw<Provider>()
  /** By the name of the field; `whole` belongs to none. */
  wrong = $state.raw<Readonly<Record<string, string>>>({})
  tested = $state.raw<Tested>()
  /** The field for which nothing was tested, as the form calls it. */
  untested = $state<string>()
  isSaving = $state(false)
  isTesting = $state(false)

  constructor(deps: Deps<K>) {
    this.#deps = deps
    this.settings = deps.settings
    this.provider = deps.provider
    this.#before = JSON.stringify(deps.settings)
  }

  get isChanged(): boolean {
    return JSON.stringify(this.settings) !== this.#before
  }
  get isSaved(): boolean {
    return this.provider !== undefined
  }
  get isOn(): boolean {
    return this.provider?.isOn ?? false
  }
  undo(): void {
    this.settings = JSON.parse(this.#before) as SettingsOf<K>
    this.wrong = {}
  }

  async save(isOn = this.isOn): Promise<boolean> {
    this.isSaving = true
    const reply = await this.#deps.asking.ask('providers.set', { ...this.#asked(), isOn })
    this.isSaving = false
    if (!reply.ok) return this.#refused(reply.error)
    this.wrong = {}
    this.provider = reply.data
    this.settings = reply.data.settings as SettingsOf<K>
    this.#before = JSON.stringify(this.settings)
    this.#deps.took(reply.data)
    toasts.show(m.admin_saved())
    return true
  }

  /** As it is written here, saved or not. */
  async test(): Promise<void> {
    this.isTesting = true
    this.tested = this.untested = undefined
    const reply = await this.#deps.asking.ask('providers.test', this.#asked())
    this.isTesting = false
    if (!reply.ok) {
      this.#refused(reply.error)
      const [field] = Object.keys(this.wrong)
      return void (this.untested = field && labels[this.settings.kind][field]?.())
    }
    this.wrong = {}
    this.tested = reply.data
  }

  #asked() {
    const { asking, domainId } = this.#deps
    const settings = $state.snapshot(this.settings) as Draft<Hub, 'providers.set'>['settings']
    return { clientId: asking.newId(), domainId, ...(this.provider && { providerId: this.provider.id }), settings }
  }
  #refused(failure: Failure): boolean {
    if (failure.key === 'factors.confirmFirst') return false
    const field = (failure.field ?? '').replace(/^settings\./, '').replace(/^certificates\.\d+$/, 'certificates')
    const isUrl = ['entryPoint', 'logoutUrl', 'issuer', 'url'].includes(field)
    const said = failure.key === 'invalid' && isUrl ? (field === 'url' ? m.ldap_url_wrong() : m.idp_url_wrong()) : sentence(failure)
    const isHere = field in this.settings || field === 'clientSecret' || field === 'bindPassword' || field.startsWith('mapping.')
    this.wrong = { [isHere ? field : 'whole']: said }
    // Whoever pressed a button at the other end of a long form is led to what is wrong.
    void tick().then(() => {
      const field = document.querySelector<HTMLElement>('[aria-invalid=true]')
      field?.focus({ preventScroll: true })
      field?.scrollIntoView({ block: 'center' })
    })
    return false
  }
}

/** What a test cannot do without, by the names that the forms show. */
const labels: Record<Kind, Readonly<Record<string, () => string>>> = {
  saml: {
    label: m.idp_label,
    entryPoint: m.idp_entry,
    issuer: m.idp_their_entity,
    certificates: m.idp_certificates,
    logoutUrl: m.idp_logout,
  },
  oidc: { label: m.idp_label, issuer: m.idp_issuer, clientId: m.idp_client, clientSecret: m.idp_secret },
  ldap: {
    ...{ label: m.admin_list_name, url: m.ldap_url, authority: m.ldap_authority, bindDn: m.ldap_bind, baseDn: m.ldap_base },
    ...{ bindPassword: m.ldap_bind_password, accountFilter: m.ldap_accounts, groupFilter: m.ldap_groups, pollSeconds: m.ldap_poll },
  },
}

const noMapping = { address: '', name: '', given: '', surname: '', title: '' }
/** How one begins; what the other side says is filled in later. */
export const blank: { [K in Kind]: (label: string) => SettingsOf<K> } = {
  saml: (label) => ({
    ...{ kind: 'saml', label, entryPoint: '', issuer: '', logoutUrl: null, certificates: [] },
    ...{ allowsIdpInitiated: false, createsAccounts: false, clockSkewSeconds: 60, mapping: { ...noMapping } },
  }),
  oidc: (label) => ({
    ...{ kind: 'oidc', label, issuer: '', clientId: '', clientSecret: null, scopes: 'openid email profile' },
    ...{ createsAccounts: false, mapping: { ...noMapping } },
  }),
  ldap: (label) => ({
    ...{ kind: 'ldap', label, preset: 'openldap', url: '', startTls: true, authority: null, bindDn: '', baseDn: '' },
    ...{ accountFilter: '', groupFilter: '', pollSeconds: 5, mirrors: true, writesBack: false },
  }),
}

export { seal, sealingKeyBytes, unseal } from '@atrium/platform/sealing'

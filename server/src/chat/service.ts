import type { ChatDeps } from './service.common.ts'
import { listsService } from './service.lists.ts'
import { membershipService } from './service.membership.ts'
import { messagesService } from './service.messages.ts'
import { readingService } from './service.reading.ts'

export const chatService = (deps: ChatDeps) => ({
  ...readingService(deps),
  ...messagesService(deps),
  ...membershipService(deps),
  ...listsService(deps),
})

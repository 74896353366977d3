import type { Component } from 'svelte'
import FileIcon from '@lucide/svelte/icons/file'
import FileArchive from '@lucide/svelte/icons/file-archive'
import FileImage from '@lucide/svelte/icons/file-image'
import FileMusic from '@lucide/svelte/icons/file-music'
import FilePlay from '@lucide/svelte/icons/file-play'
import FileSpreadsheet from '@lucide/svelte/icons/file-spreadsheet'
import FileText from '@lucide/svelte/icons/file-text'
import FileType from '@lucide/svelte/icons/file-type'
import Folder from '@lucide/svelte/icons/folder'
import type { Attached } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

type Icon = Component<{ size?: number }>
type Kind = 'folder' | 'document' | 'picture' | 'sound' | 'film' | 'pdf' | 'sheet' | 'archive' | 'text' | 'other'
type Known = Pick<Attached, 'kind' | 'type' | 'name'>

const icons: Record<Kind, Icon> = {
  folder: Folder,
  document: FileText,
  picture: FileImage,
  sound: FileMusic,
  film: FilePlay,
  pdf: FileType,
  sheet: FileSpreadsheet,
  archive: FileArchive,
  text: FileText,
  other: FileIcon,
}

export function kindOf({ kind, type }: Known): Kind {
  if (kind !== 'file') return kind
  if (type.startsWith('image/')) return 'picture'
  if (type.startsWith('audio/')) return 'sound'
  if (type.startsWith('video/')) return 'film'
  if (type === 'application/pdf') return 'pdf'
  if (/spreadsheet|excel|csv/.test(type)) return 'sheet'
  if (/zip|tar|gzip|7z|rar|compressed/.test(type)) return 'archive'
  if (type.startsWith('text/') || /json|xml/.test(type)) return 'text'
  return 'other'
}
export const iconOf = (file: Known): Icon => icons[kindOf(file)]

const names: Record<Kind, () => string> = {
  folder: m.files_kind_folder,
  document: m.files_kind_document,
  picture: m.files_kind_picture,
  sound: m.files_kind_sound,
  film: m.files_kind_film,
  pdf: m.files_kind_pdf,
  sheet: m.files_kind_sheet,
  archive: m.files_kind_archive,
  text: m.files_kind_text,
  other: m.files_kind_other,
}
export const kindName = (file: Known): string => names[kindOf(file)]()

/** What a page of ours may show as it is: the hub says so too, and sends everything else to be saved. */
export const preview = ({ kind, type }: Known): 'picture' | 'sound' | 'film' | 'text' | undefined => {
  if (kind !== 'file') return undefined
  if (/^image\/(png|jpeg|webp|gif|avif)$/.test(type)) return 'picture'
  if (type.startsWith('audio/')) return 'sound'
  if (type.startsWith('video/')) return 'film'
  return type === 'text/plain' ? 'text' : undefined
}

/** Where it is looked at. */
export const pathOf = ({ id, kind }: Pick<Attached, 'id' | 'kind'>): string => (kind === 'folder' ? `/files/${id}` : `/f/${id}`)

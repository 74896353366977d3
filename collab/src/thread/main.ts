import { workerData } from 'node:worker_threads'
import { desk, type Settings } from './desk.ts'

// What a worker thread of the document service runs.
desk(workerData as Settings)

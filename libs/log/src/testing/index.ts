export { SEVERITY } from '../events.ts';
export { type LoggedEvent, type RecordingLog, recordingLog } from './recording-log.ts';

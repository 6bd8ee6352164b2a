export { type LoggedEvent, type RecordingLog, recordingLog } from './recording-log.ts';

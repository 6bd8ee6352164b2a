export { type LoggedEvent, type RecordingLog, recordingLog } from './recording-log.ts';
export { type HandTimer, handTimer } from './hand-timer.ts';

export { type ExaminedPart, adoptParts, examineParts } from './adopt-parts.ts';
export { type WindowPlan, changeWindow, planWindow } from './change-window.ts';
export { type MendableTime, type TimeReport, acceptTime, resetTime } from './mend-time.ts';

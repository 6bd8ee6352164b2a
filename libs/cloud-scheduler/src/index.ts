export { type CloudScheduler, openScheduler } from './open-scheduler.ts';

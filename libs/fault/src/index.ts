export { Fault, type FaultDetails, type FaultOptions } from './fault.ts';

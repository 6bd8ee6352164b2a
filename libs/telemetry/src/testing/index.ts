export { INSTANTS } from '../instants.ts';
export { COUNTERS, HISTOGRAMS } from '../instruments.ts';

export { COUNTERS, HISTOGRAMS } from '../instruments.ts';

import { describeFullRound } from '../support/full-round.ts';

describeFullRound('gcp-stand-ins');

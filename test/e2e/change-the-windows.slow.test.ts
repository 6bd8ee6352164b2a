import { FOR_REAL, describeWindowChange } from '../support/window-change.ts';

describeWindowChange(FOR_REAL);

import { Fault } from '@keyserver/fault';
/** One variable that keeps a service from starting; never its value. */
export interface Problem {
  readonly name: string;
  readonly kind: 'missing' | 'refused';
  readonly allowed: string;
}

const sentence = ({ name, kind, allowed }: Problem): string =>
  kind === 'missing' ? `${name} is missing, it must be ${allowed}` : `${name} must be ${allowed}`;

/** The environment does not fit the service's settings; every problem is listed. */
export class ConfigFault extends Fault<'wrong_settings'> {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('wrong_settings', `wrong settings: ${problems.map(sentence).join('; ')}`);
    this.problems = problems;
  }
}

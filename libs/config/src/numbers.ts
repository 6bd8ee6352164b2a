import { DAY, SECOND, type WindowLength, windowLength } from '@keyserver/time';
import { type About, type Setting, setting } from './setting.ts';

const DECIMAL = /^(0|-?[1-9][0-9]{0,15})$/;

function readInteger(text: string, min: number, max: number): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

/** A whole number in decimal, between two bounds that are both allowed. */
export function integer(of: About<number> & { min: number; max: number }): Setting<number> {
  const { min, max } = of;
  return setting(of, {
    allowed: `a whole number from ${min} to ${max}`,
    read: (text) => readInteger(text, min, max),
    show: (value) => String(value),
  });
}

/** A reporting window given in seconds; a length that does not divide the UTC day is refused. */
export function windowSeconds(of: {
  readonly about: string;
  /** In seconds. */
  readonly default?: number;
  /** In seconds. */
  readonly min?: number;
  /** In seconds. */
  readonly max?: number;
}): Setting<WindowLength> {
  const { min = 1, max = DAY / SECOND, default: seconds } = of;
  const allowed = `a whole number of seconds from ${min} to ${max} that divides 86400`;
  const read = (text: string): WindowLength | undefined => {
    const given = readInteger(text, min, max);
    return given === undefined ? undefined : windowLength(given * SECOND);
  };
  const value = seconds === undefined ? undefined : read(String(seconds));
  if (seconds !== undefined && value === undefined)
    throw new RangeError(`the default must be ${allowed}`);
  return setting(value === undefined ? { about: of.about } : { about: of.about, default: value }, {
    allowed,
    read,
    show: (length) => String(length / SECOND),
  });
}

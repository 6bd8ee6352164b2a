const WORTH_SHOWING = ['WARNING', 'ERROR', 'CRITICAL', 'ALERT'];
const NOT_SHOWN = ['severity', 'time', 'message', 'service', 'requestId', 'advice'];

/** A log line as one readable line for the screen; undefined when it tells of no problem. */
export function problemLine(logged: string): string | undefined {
  const entry = parse(logged);
  if (entry === undefined) return undefined;
  const severity = String(entry['severity']);
  if (!WORTH_SHOWING.includes(severity)) return undefined;
  const time = String(entry['time']).slice(11, 19);
  const fields = Object.entries(entry)
    .filter(([name]) => !NOT_SHOWN.includes(name))
    .map(([name, value]) => `${name}=${name === 'causes' ? causesText(value) : textOf(value)}`);
  const words = [time, severity, String(entry['service']), String(entry['message']), ...fields];
  const advice = entry['advice'];
  return `${words.join(' ')}${advice === undefined ? '' : `: ${textOf(advice)}`}`;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

/** Why it happened, outermost first: class and code of each error, what is known of the engine, and the first place in the source. */
function causesText(causes: unknown): string {
  if (!Array.isArray(causes)) return textOf(causes);
  return causes.map((cause: unknown) => `[${causeText(cause)}]`).join('');
}

function causeText(cause: unknown): string {
  if (!isEntry(cause)) return textOf(cause);
  const { class: name, code, detail, at } = cause;
  const details = isEntry(detail) ? Object.values(detail) : [];
  const place: unknown = Array.isArray(at) ? at[0] : undefined;
  return [name, code, ...details, place]
    .filter((word) => word !== undefined)
    .map(textOf)
    .join(' ');
}

function parse(logged: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(logged);
    return isEntry(entry) && 'severity' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
}

const isEntry = (entry: unknown): entry is Readonly<Record<string, unknown>> =>
  typeof entry === 'object' && entry !== null;

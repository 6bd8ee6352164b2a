const WORTH_SHOWING = ['WARNING', 'ERROR', 'CRITICAL', 'ALERT'];
const NOT_SHOWN = ['severity', 'time', 'message', 'service', 'requestId'];

/** A log line as one readable line for the screen; undefined when it tells of no problem. */
export function problemLine(logged: string): string | undefined {
  const entry = parse(logged);
  if (entry === undefined) return undefined;
  const severity = String(entry['severity']);
  if (!WORTH_SHOWING.includes(severity)) return undefined;
  const time = String(entry['time']).slice(11, 19);
  const fields = Object.entries(entry)
    .filter(([name]) => !NOT_SHOWN.includes(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const words = [time, severity, String(entry['service']), String(entry['message']), ...fields];
  return words.join(' ');
}

function parse(logged: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(logged);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

const isEntry = (entry: unknown): entry is Readonly<Record<string, unknown>> =>
  typeof entry === 'object' && entry !== null && 'severity' in entry;

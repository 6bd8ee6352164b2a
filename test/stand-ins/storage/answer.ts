/** What the server says to one request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const NOTHING = Buffer.alloc(0);

export const emptyAnswer = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({ status, headers, body: NOTHING });

export const jsonAnswer = (value: object, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: Buffer.from(JSON.stringify(value)),
});

/** A refusal, as Cloud Storage words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export const invalid = (message: string): Refusal => new Refusal(400, 'invalid', message);

export function refusalAnswer({ status, reason, message }: Refusal): Answer {
  if (status === 304) return emptyAnswer(status);
  const errors = [{ domain: 'global', reason, message }];
  return jsonAnswer({ error: { code: status, message, errors } }, status);
}

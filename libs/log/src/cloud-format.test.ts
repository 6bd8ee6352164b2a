import fc from 'fast-check';
import { cloudTrace } from './index.ts';

const ID = '0af7651916cd43dd8448eb211c80319c';

describe('the trace of a request', () => {
  it.each([
    [{ 'x-cloud-trace-context': `${ID}/1234;o=1` }],
    [{ 'x-cloud-trace-context': ID }],
    [{ traceparent: `00-${ID}-b7ad6b7169203331-01` }],
    [{ 'x-cloud-trace-context': 'nonsense', traceparent: `00-${ID}-b7ad6b7169203331-01` }],
  ])('is read from %j', (headers) => {
    expect(cloudTrace(headers, 'our-project')).toBe(`projects/our-project/traces/${ID}`);
  });

  it.each([
    [{}],
    [{ 'x-cloud-trace-context': ID.toUpperCase() }],
    [{ 'x-cloud-trace-context': `${ID}0/1` }],
    [{ 'x-cloud-trace-context': [ID, ID] }],
    [{ traceparent: `00-${ID}-01` }],
    [{ traceparent: `00-${ID}-b7ad6b7169203331-01 ` }],
  ])('is not read from %j', (headers) => {
    expect(cloudTrace(headers, 'our-project')).toBeUndefined();
  });

  it('is nothing without a proper project', () => {
    expect(cloudTrace({ traceparent: `00-${ID}-b7ad6b7169203331-01` }, '')).toBeUndefined();
    expect(cloudTrace({ 'x-cloud-trace-context': ID }, 'a/b')).toBeUndefined();
  });

  it('carries hexadecimal digits of a caller at the most', () => {
    const header = fc.oneof(
      fc.string(),
      fc.string().map((s) => `${ID}/${s}`),
    );
    fc.assert(
      fc.property(header, (sent) => {
        const trace = cloudTrace({ 'x-cloud-trace-context': sent, traceparent: sent }, 'p');
        return trace === undefined || trace === `projects/p/traces/${ID}`;
      }),
    );
  });
});

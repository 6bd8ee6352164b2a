import { HealthFault } from './health.ts';
import { namedProbe } from './named-probe.ts';

class Known extends Error {}

const failing = (fault: Error) => namedProbe('part_missing', Known, () => Promise.reject(fault));

describe('a probe with a name for one class of faults', () => {
  it('names that class, and keeps its sentence', async () => {
    const asked = failing(new Known('the keys are gone'))();
    await expect(asked).rejects.toThrow(HealthFault);
    await expect(asked).rejects.toMatchObject({
      reason: 'part_missing',
      message: 'the keys are gone',
    });
  });

  it('leaves other faults as they are', async () => {
    const fault = new Error('away');
    await expect(failing(fault)()).rejects.toBe(fault);
  });

  it('is content when its probe is', async () => {
    await expect(namedProbe('part_missing', Known, () => Promise.resolve())()).resolves.toBe(
      undefined,
    );
  });
});

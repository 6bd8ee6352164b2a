import { unixMillis } from '@keyserver/time';
import { CHALLENGE_LIFE, challengeRefusal, issueChallenge } from './challenge.ts';

const NOW = unixMillis(1_800_000_000_000);
const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const chance = new Uint8Array(16).fill(9);
const issued = issueChallenge([NEW], 'org.example.en', { chance, now: NOW });
const reasonOf = (challenge: Uint8Array, now: number = NOW, app = 'org.example.en') =>
  challengeRefusal([NEW], app, { challenge, now: unixMillis(now) })?.reason;

describe('challengeRefusal', () => {
  it('accepts a challenge of its own until its time is over', () => {
    expect(reasonOf(issued)).toBeUndefined();
    expect(reasonOf(issued, NOW + CHALLENGE_LIFE - 1)).toBeUndefined();
    expect(reasonOf(issued, NOW + CHALLENGE_LIFE)).toBe('challenge_expired');
  });

  it('accepts one of an earlier secret that is still listed', () => {
    const earlier = issueChallenge([OLD], 'org.example.en', { chance, now: NOW });
    const question = { challenge: earlier, now: NOW };
    expect(challengeRefusal([NEW, OLD], 'org.example.en', question)).toBeUndefined();
    expect(challengeRefusal([NEW], 'org.example.en', question)?.reason).toBe('challenge_foreign');
  });

  it('refuses one that was issued for another application', () => {
    expect(reasonOf(issued, NOW, 'org.example.other')).toBe('challenge_foreign');
  });

  it.each([0, 15, 16, 23, 24, 55])('refuses one whose byte %i was changed', (at) => {
    const changed = Uint8Array.from(issued, (byte, index) => (index === at ? byte ^ 1 : byte));
    expect(reasonOf(changed)).toBe('challenge_foreign');
  });

  it.each([0, 55, 57])('refuses one of %i bytes', (length) => {
    expect(reasonOf(new Uint8Array(length))).toBe('challenge_length');
  });
});

describe('issueChallenge', () => {
  it('wants 16 bytes of chance', () => {
    expect(() => issueChallenge([NEW], 'app', { chance: new Uint8Array(15), now: NOW })).toThrow(
      '16 random bytes',
    );
  });
});

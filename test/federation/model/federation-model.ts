import type { ExposureKey } from '@keyserver/exposure-keys';
import type { FederationQuery, Grant, Partner } from '@keyserver/federation';
import type { Random } from '@keyserver/random';
import {
  DAY,
  HOUR,
  MINUTE,
  type UnixMillis,
  floorTo,
  intervalAt,
  intervalNumber,
  unixMillis,
} from '@keyserver/time';
import { Turns } from '../../padding/turns.ts';
import { GrantHistory } from './grants.ts';
import type { Fault, Link } from './link.ts';
import { type ModelDocument, ModelServer } from './model-server.ts';
import { type LinkState, type Network, type Violation, linkState, pullOver } from './network.ts';

/** Every region that a key may have. */
export const REGIONS: readonly string[] = ['XA', 'XB', 'XC', 'XD'];
const START = unixMillis(Date.UTC(2026, 0, 15, 9));
/** Most runs that are under way at once. */
const MOST_RUNS = 3;
const UNITS = [HOUR, 2 * HOUR, 4 * HOUR, 12 * HOUR];

/**
 * Two to four servers that fetch from one another, with everything around them drawn at random: who fetches from whom, grants and their
 * changes, uploads and revisions, page sizes, deadlines, clocks, runs that die or overtake one another, and answers that are lost. What is
 * tried is the server's own code: what serves, what pulls, and what decides which received key is stored.
 */
export class FederationModel implements Network {
  readonly random: Random;
  readonly faults: ReadonlySet<Fault>;
  readonly servers: readonly ModelServer[];
  readonly links: readonly LinkState[];
  /** What no grant allowed and was served all the same, and runs that did not end. */
  readonly seen: Violation[] = [];
  isCalm = false;
  private readonly turns: Turns;
  private now = START;
  private keys = 0;
  /** One step in so many fails or kills the run that takes it; 0 harms nobody. */
  private deadly = 0;

  constructor(random: Random, faults: ReadonlySet<Fault> = new Set()) {
    this.random = random;
    this.faults = faults;
    this.turns = new Turns(random);
    const days = 3 + random.below(12);
    const keeping = { retention: days * DAY, maxAge: (days + 1) * DAY };
    const trueNow = (): UnixMillis => this.now;
    this.servers = ['A', 'B', 'C', 'D']
      .slice(0, 2 + random.below(3))
      .map((id) => new ModelServer(id, { keeping, trueNow, random }));
    for (const server of this.servers) server.skew = random.below(2) * this.drift();
    this.links = this.pairs().map(([from, to]) => linkState(this.drawLink(from, to), faults));
  }

  /** Something happens somewhere. */
  async step(): Promise<void> {
    const dice = this.random.below(30);
    if (dice < 10) this.upload();
    else if (dice < 13) this.revise();
    else if (dice < 19) this.pass();
    else if (dice < 20) this.changeGrant();
    else if (dice < 21) this.jump();
    else await this.advance();
  }

  /** Days pass without any fault, until every server has been given what the others may give it. */
  async settle(): Promise<void> {
    this.deadly = 0;
    this.isCalm = true;
    while (await this.turns.next(0));
    for (const { link } of this.links) link.settlesAtOnce = true;
    this.now = unixMillis(this.now + 2 * DAY);
    for (let round = 0; round <= this.servers.length + 1; round++) {
      await this.round();
      this.now = unixMillis(this.now + Math.max(...UNITS) + HOUR);
    }
    const before = this.links.map(({ standing }) => standing.changed);
    await this.round();
    for (const [n, { link, standing }] of this.links.entries())
      if (standing.changed !== before[n])
        this.seen.push({ broken: 'endless', what: `${link.query.id} comes to no end` });
  }

  private async round(): Promise<void> {
    for (const state of this.links) {
      await this.start(state);
      while (await this.turns.next(0));
    }
  }

  private async start(state: LinkState): Promise<void> {
    await this.turns.start(async (worker) => {
      await pullOver(this, state, worker);
    });
  }

  private async advance(): Promise<void> {
    const { random, turns } = this;
    while (turns.atWork < MOST_RUNS && random.below(3) > 0)
      await this.start(this.oneOf(this.links));
    if (random.below(4) === 0) this.deadly = random.below(2) * (5 + random.below(40));
    for (let steps = random.below(40); steps > 0; steps--)
      if (!(await turns.next(this.deadly))) return;
  }

  /** A chain, a loop, or any mesh. */
  private pairs(): readonly (readonly [ModelServer, ModelServer])[] {
    const { servers, random } = this;
    const kind = random.below(3);
    const next = servers.map(
      (from, n) => [from, servers[(n + 1) % servers.length] ?? from] as const,
    );
    if (kind === 0) return next.slice(0, -1);
    if (kind === 1) return next;
    const all = servers.flatMap((from) =>
      servers.filter((to) => to !== from).map((to) => [from, to] as const),
    );
    const some = all.filter(() => random.below(3) > 0);
    return some.length > 0 ? some : all;
  }

  private drawLink(from: ModelServer, to: ModelServer): Link {
    const { random } = this;
    const grants = new GrantHistory(this.drawGrant());
    const id = `${from.id}-to-${to.id}`;
    const partner: Partner = {
      ...grants.at(START),
      ...{ id: to.id, issuer: 'https://issuer.example', subject: to.id },
      ...{ audience: 'https://keyserver.example/federation', from: unixMillis(0), thru: undefined },
      ...{ minRecords: 0, paddingRange: 0, callsPerMinute: 1000 },
      mode: random.below(2) === 0 ? 'padded' : 'fresh',
      unit: this.oneOf(UNITS),
      maxPageKeys: 1 + random.below(20),
    };
    const query: FederationQuery = {
      ...{ id, server: 'partner.example', audience: partner.audience, partner: 'standard' },
      ...{ includeRegions: random.below(4) === 0 ? this.someRegions() : [], excludeRegions: [] },
      onlyTravelers: random.below(8) === 0,
      onlyLocalProvenance: random.below(4) === 0,
      maxPageKeys: 1 + random.below(20),
      ...{ acceptSelfReport: true, acceptRecursive: false },
      ...{ from: unixMillis(0), thru: undefined },
    };
    return { from, to, partner, grants, query, settled: new Set(), settlesAtOnce: false };
  }

  private drawGrant(): Grant {
    const { random } = this;
    const includeRegions = this.someRegions();
    const others = REGIONS.filter((region) => !includeRegions.includes(region));
    return {
      includeRegions,
      excludeRegions: random.below(3) === 0 ? others.slice(0, 1) : [],
      includeTravelers: random.below(2) === 0,
      onlyLocalProvenance: random.below(3) === 0,
    };
  }

  private someRegions(): readonly string[] {
    const some = REGIONS.filter(() => this.random.below(3) > 0);
    return some.length === 0 ? ['XA'] : some;
  }

  private upload(): void {
    const { random } = this;
    const server = this.oneOf(this.servers);
    const regions = REGIONS.filter(() => random.below(3) === 0);
    const of = {
      regions: regions.length === 0 ? [this.oneOf(REGIONS)] : regions,
      traveler: random.below(3) === 0,
    };
    const keys = Array.from({ length: 1 + random.below(5) }, () => this.newKey(server));
    if (random.below(6) === 0) {
      const hour = floorTo(server.now, HOUR);
      server.pad(keys, { ...of, window: hour });
      return;
    }
    server.publish(keys, of);
    // A person may publish to two servers.
    if (random.below(3) === 0) this.oneOf(this.servers).publish(keys, of);
  }

  /** A key of a day that is over, or of today, which waits until it has ended. */
  private newKey({ now }: ModelServer): ExposureKey {
    const { random } = this;
    const data = Buffer.alloc(16, 0xab);
    data.writeUInt32BE(Math.imul(this.keys++, 0x9e3779b1) >>> 0);
    const today = intervalAt(unixMillis(floorTo(now, DAY)));
    return {
      data,
      start: intervalNumber(today - 144 * random.below(3)),
      period: 144,
      risk: random.below(9),
      reportType: this.oneOf(['confirmed', 'likely', 'likely', 'user-report'] as const),
      onsetDays: random.below(2) === 0 ? undefined : random.below(29) - 14,
    };
  }

  private revise(): void {
    const server = this.oneOf(this.servers);
    const own = server.documents.filter(
      ({ kind, origin }) => kind === 'primary' && origin === 'local',
    );
    // Mostly a late one, which may still be on its way somewhere.
    const last = this.random.below(3) > 0 ? own.slice(-3) : own;
    const primary: ModelDocument | undefined = last[this.random.below(last.length || 1)];
    const [key] = primary?.keys ?? [];
    if (primary === undefined || key === undefined) return;
    const reportType = this.oneOf(['confirmed', 'negative', 'negative'] as const);
    const revised = { ...key, reportType, risk: 1 + this.random.below(8) };
    server.revise(primary, revised, this.faults.has('a revision overtakes its key'));
  }

  private pass(): void {
    const { random } = this;
    const isOutage = random.below(15) === 0;
    const hours = 1 + random.below(isOutage ? 100 : 6);
    this.now = unixMillis(this.now + hours * HOUR + random.below(HOUR));
    for (const { link } of this.links) {
      const span = link.partner.unit;
      const newest = floorTo(link.from.now, span);
      for (let start = newest - 40 * span; start < newest; start += span)
        if (random.below(3) > 0) link.settled.add(unixMillis(start));
    }
  }

  private changeGrant(): void {
    const { link } = this.oneOf(this.links);
    link.grants.change(this.drawGrant(), link.from.now);
  }

  private jump(): void {
    this.oneOf(this.servers).skew = this.random.below(2) * this.drift();
  }

  /** Mostly minutes, and now and then hours. */
  private drift(): number {
    return this.oneOf([-9 * HOUR, -74 * MINUTE, -37 * MINUTE, 37 * MINUTE, 74 * MINUTE, 9 * HOUR]);
  }

  oneOf<T>(items: readonly T[]): T {
    const item = items[this.random.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to choose from');
    return item;
  }
}

import type { HousekeepingFault, HousekeepingTask } from './housekeeping-fault.ts';
import { codeOf } from './sql.ts';

/** Knows which pieces of housekeeping fail, and tells it when that changes. */
export class HousekeepingFaults {
  private readonly failing = new Map<string, HousekeepingFault>();
  private readonly report: (faults: readonly HousekeepingFault[]) => void;

  constructor(report: (faults: readonly HousekeepingFault[]) => void) {
    this.report = report;
  }

  failed(task: HousekeepingTask, collection: string, error: unknown): void {
    const key = `${task} ${collection}`;
    const code = codeOf(error) ?? 0;
    if (this.failing.get(key)?.code === code) return;
    this.failing.set(key, { task, collection, code });
    this.report([...this.failing.values()]);
  }

  succeeded(task: HousekeepingTask, collection: string): void {
    if (this.failing.delete(`${task} ${collection}`)) this.report([...this.failing.values()]);
  }
}

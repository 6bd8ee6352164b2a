import type { DocumentStore } from '@keyserver/docstore';
import type { StoreUpload } from '@keyserver/exposure-keys';
import { type Logger, configuredId } from '@keyserver/log';
import { HealthFault, type HealthProbe } from '@keyserver/service';
import { type Coverage, CoverageFault, coveredAhead } from '@keyserver/stores';
import type { WindowCalendar } from '@keyserver/time';

/** Stores uploads, and alerts when one is refused because its keys would be in no file of an export. */
export const alertWhenCovered =
  (storeUpload: StoreUpload, log: Logger): StoreUpload =>
  async (upload) => {
    try {
      return await storeUpload(upload);
    } catch (fault) {
      if (fault instanceof CoverageFault)
        log.event('publish.window_covered', { config: configuredId({ id: fault.exportId }) });
      throw fault;
    }
  };

/** Asks the store for its time, and whether uploads at that time would be refused because exports are ahead of it. */
export const windowsOpen =
  (options: {
    readonly store: Pick<DocumentStore, 'now'>;
    readonly coverage: () => Promise<Coverage>;
    readonly windows: () => WindowCalendar | Promise<WindowCalendar>;
  }): HealthProbe =>
  async () => {
    const ahead = coveredAhead(
      await options.coverage(),
      await options.store.now(),
      await options.windows(),
    );
    if (ahead !== undefined)
      throw new HealthFault(
        'window_covered',
        `export ${ahead} is cut past windows that are still open, so its keys are refused`,
      );
  };

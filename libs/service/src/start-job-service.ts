import type { Logger } from '@keyserver/log';
import type { ReadProgress } from '@keyserver/telemetry';
import type { Express } from 'express';
import type { StartService } from './run-service.ts';
import { serve } from './serve.ts';
import { type ObservedAmbient, type TelemetryParts, withTelemetry } from './with-telemetry.ts';

type Settings = TelemetryParts['settings'] & { readonly PORT: number; readonly HOST: string };

/** What every one of them is made of, besides what is its own. */
interface JobServiceDeps {
  readonly log: Logger;
  /** What tells how far the service has come. */
  readonly progress: readonly ReadProgress[];
}

/** What the services differ by whose jobs a scheduler starts. */
export interface JobServiceParts<S extends Settings, D extends JobServiceDeps> extends Pick<
  TelemetryParts,
  'name' | 'openCloudExporter'
> {
  readonly readSettings: (env: Parameters<StartService>[0]) => S;
  /** Opens the platform that the settings name, and puts the service together over it. */
  readonly wire: (
    settings: S,
    ambient: ObservedAmbient,
  ) => Promise<{ readonly deps: D; readonly release: () => Promise<void> }>;
  readonly createApp: (deps: D & Pick<ObservedAmbient, 'observeRequest'>) => Express;
  /** Ends running jobs between two steps. */
  readonly stopJobs: (deps: D) => Promise<void>;
}

/** Starts such a service: settings, platform, server. Closing it ends running jobs first. */
export const jobServiceStarter =
  <S extends Settings, D extends JobServiceDeps>(parts: JobServiceParts<S, D>): StartService =>
  async (env, ambient) => {
    const settings = parts.readSettings(env);
    return await withTelemetry({ ...parts, settings, ambient }, async (observed) => {
      const { observeRequest, observeProgress } = observed;
      const { deps, release } = await parts.wire(settings, observed);
      observeProgress?.(deps.progress);
      return await serve(() => parts.createApp({ ...deps, observeRequest }), {
        ...{ settings, release, timers: ambient.timers, log: deps.log },
        stop: async () => {
          await parts.stopJobs(deps);
        },
      });
    });
  };

import { loadSettings } from '@keyserver/config';
import { type StartService, serve, withTelemetry } from '@keyserver/service';
import { createApp } from './app.ts';
import { exportSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the export service: settings, platform, server. Closing it ends running jobs between two steps. */
export const startExport: StartService = async (env, ambient) => {
  const settings = loadSettings(exportSettings, env);
  const parts = { name: 'export', settings, ambient, openCloudExporter } as const;
  return await withTelemetry(parts, async (observed) => {
    const { observeRequest } = observed;
    const { deps, release } = await wire(settings, observed);
    return await serve(() => createApp({ ...deps, observeRequest }), {
      ...{ settings, release, timers: ambient.timers, log: deps.log },
      stop: deps.jobs.stop,
    });
  });
};

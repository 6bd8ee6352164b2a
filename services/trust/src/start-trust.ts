import { loadSettings } from '@keyserver/config';
import { type StartService, serve, withTelemetry } from '@keyserver/service';
import { createApp } from './app.ts';
import { trustSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the trust service: settings, platform, server. Closing it ends a running job between two steps. */
export const startTrust: StartService = async (env, ambient) => {
  const settings = loadSettings(trustSettings, env);
  const parts = { name: 'trust', settings, ambient, openCloudExporter } as const;
  return await withTelemetry(parts, async (observed) => {
    const { observeRequest } = observed;
    const { deps, release } = await wire(settings, observed);
    return await serve(() => createApp({ ...deps, observeRequest }), {
      ...{ settings, release, timers: ambient.timers, log: deps.log },
      stop: deps.runner.stop,
    });
  });
};

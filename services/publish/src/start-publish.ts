import { loadSettings } from '@keyserver/config';
import { type StartService, serve, withTelemetry } from '@keyserver/service';
import { createApp } from './app.ts';
import { publishSettings } from './config.ts';
import { openCloudExporter, wire } from './wiring.ts';

/** Starts the publish service; a setting out of bounds, a missing directory or a busy port is thrown. */
export const startPublish: StartService = async (env, ambient) => {
  const settings = loadSettings(publishSettings, env);
  const parts = { name: 'publish', settings, ambient, openCloudExporter } as const;
  return await withTelemetry(parts, async (observed) => {
    const { observeRequest, observeProgress } = observed;
    const { deps, release } = await wire(settings, observed);
    observeProgress?.(deps.progress);
    return await serve(() => createApp({ ...deps, observeRequest }), {
      ...{ settings, release, timers: ambient.timers, log: deps.log },
    });
  });
};

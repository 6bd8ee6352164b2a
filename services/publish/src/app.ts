import { type HttpAppParts, createHttpApp } from '@keyserver/service';
import type { Logger } from '@keyserver/log';
import type { Express } from 'express';
import { type AdmissionDeps, admission, turnUploadAway } from './http/admission.ts';
import { type CoverTrafficDeps, countingCover, coverTraffic } from './http/cover-traffic.ts';
import { type UploadsClosed, turnedAwayWhenClosed } from './http/closed-server.ts';
import { closedForMaintenance } from './http/maintenance.ts';
import { type PhoneAnswersDeps, phoneAnswers } from './http/phone-answers.ts';
import { publishFaultRenderer } from './http/publish-fault.ts';
import { publishRoute } from './http/publish-route.ts';
import { V1, V1ALPHA1 } from './http/upload-api.ts';
import type { PublishDeps } from './publish-keys.ts';
import type { UploadPauses } from './upload-pauses.ts';
import { renderStatsFault, turnStatsAway } from './stats/stats-fault.ts';
import { type StatsRouteDeps, statsRoute } from './stats/stats-route.ts';

/** What the publish service is made of. */
export interface AppDeps
  extends PublishDeps, PhoneAnswersDeps, CoverTrafficDeps, AdmissionDeps, StatsRouteDeps {
  readonly pauses: UploadPauses;
  /** Whether this server takes uploads at all. */
  readonly closed: UploadsClosed;
  readonly log: Logger;
  /** Whether all but `/health` is closed. */
  readonly maintenance: boolean;
  /** Whether apps of the first API are answered. */
  readonly v1alpha1: boolean;
  /** Rejects while the store is away. */
  readonly health: () => Promise<void>;
  readonly observeRequest?: HttpAppParts['observeRequest'];
}

/** All routes of the publish service; `GET /health` is among those that every service has. */
export function createApp(deps: AppDeps): Express {
  const { log, clock, timers, random, health, observeRequest } = deps;
  const answers = phoneAnswers(deps);
  const renderPublishFault = publishFaultRenderer(answers);
  return createHttpApp({
    log,
    clock,
    timers,
    random,
    health,
    observeRequest,
    routes: (app, logOf) => {
      app.use(countingCover(deps));
      if (deps.maintenance) {
        log.event('publish.in_maintenance', {});
        app.use(closedForMaintenance);
      }
      app.use(turnedAwayWhenClosed(deps.closed));
      const { admit, holding } = admission(deps, logOf);
      for (const api of deps.v1alpha1 ? [V1, V1ALPHA1] : [V1]) {
        const enter = admit(turnUploadAway(api, answers));
        const cover = coverTraffic(api, answers, deps);
        const publish = holding(publishRoute(api, deps, { answers, logOf }));
        for (const path of api.paths) app.all(path, enter, cover, publish);
      }
      app.all('/v1/stats', admit(turnStatsAway(deps)), holding(statsRoute(deps, logOf)));
    },
    renderFault: (fault, path) => renderStatsFault(fault, deps) ?? renderPublishFault(fault, path),
  });
}

import type { IncomingMessage } from 'node:http';
import { type Answer, Refusal, emptyAnswer, jsonAnswer } from './answer.ts';
import { mediaAnswer, publicAnswer } from './downloads.ts';
import type { StorageOp } from './faults.ts';
import { type StoredBucket, resourceOf } from './stored-bucket.ts';
import { UploadSessions, insertMedia, insertMultipart } from './uploads.ts';

/** What a request asks for, and how it is done once its body is there. */
export interface Call {
  readonly op: StorageOp;
  readonly run: (body: Buffer) => Answer;
  /** Keeps what has come of a body that broke off; without it nothing is kept. */
  readonly keepPart?: (body: Buffer) => void;
}

/** The buckets that exist, and what callers may do in them. */
export interface Premises {
  readonly buckets: ReadonlyMap<string, StoredBucket>;
  /** Undefined: everything. */
  readonly permissions: readonly string[] | undefined;
  readonly cdn: boolean;
  /** Who has been granted what, by bucket. */
  readonly policies: ReadonlyMap<string, readonly object[]>;
}

interface Target {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
}

/** Recognises the requests of the JSON interface and public downloads. */
export function createRouter(premises: Premises): (request: IncomingMessage) => Call {
  const sessions = new UploadSessions();
  return (request) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://storage');
    const method = request.method ?? '';
    const target: Target = { method, path: pathname, query: searchParams, request };
    return (
      uploadCall(target, premises, sessions) ??
      objectCall(target, premises) ??
      bucketCall(target, premises) ??
      publicCall(target, premises) ?? { op: 'get', run: () => nothingServed(target) }
    );
  };
}

function nothingServed({ method, path }: Target): never {
  throw new Refusal(404, 'notFound', `${method} ${path} is not served`);
}

function bucketNamed({ buckets }: Premises, name = ''): StoredBucket {
  const bucket = buckets.get(decodeURIComponent(name));
  if (bucket === undefined) {
    throw new Refusal(404, 'notFound', 'The specified bucket does not exist.');
  }
  return bucket;
}

function permit({ permissions }: Premises, permission: string): void {
  if (permissions?.includes(permission) !== false) return;
  throw new Refusal(403, 'forbidden', `The caller does not have ${permission} access.`);
}

function uploadCall(
  target: Target,
  premises: Premises,
  sessions: UploadSessions,
): Call | undefined {
  const inBucket = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(target.path)?.[1];
  if (inBucket === undefined) return undefined;
  const id = target.query.get('upload_id');
  return id === null
    ? newUpload(target, premises, { inBucket, sessions })
    : startedUpload(target, sessions, id);
}

function newUpload(
  { method, query, request: { headers } }: Target,
  premises: Premises,
  { inBucket, sessions }: { inBucket: string; sessions: UploadSessions },
): Call {
  return {
    op: 'insert',
    run: (body) => {
      const bucket = bucketNamed(premises, inBucket);
      permit(premises, 'storage.objects.create');
      const upload = { bucket, query, headers, body };
      switch (`${method} ${query.get('uploadType') ?? ''}`) {
        case 'POST multipart':
          return insertMultipart(upload);
        case 'POST media':
          return insertMedia(upload);
        case 'POST resumable': {
          const path = `/upload/storage/v1/b/${inBucket}/o`;
          const place = `http://${headers.host ?? ''}${path}?uploadType=resumable`;
          return emptyAnswer(200, { location: `${place}&upload_id=${sessions.start(upload)}` });
        }
        default:
          throw new Refusal(400, 'badRequest', 'Bad upload type.');
      }
    },
  };
}

function startedUpload({ method, request }: Target, sessions: UploadSessions, id: string): Call {
  const { headers } = request;
  if (method === 'DELETE') return { op: 'cancel', run: () => sessions.cancel(id) };
  const run = (body: Buffer): Answer => sessions.receive(id, { headers, body });
  if (headers['content-range'] === 'bytes */*') return { op: 'status', run };
  const keepPart = (body: Buffer): void => {
    sessions.keepPart(id, { headers, body });
  };
  return { op: 'insert', run, keepPart };
}

function objectCall(
  { method, path, query, request }: Target,
  premises: Premises,
): Call | undefined {
  const named = /^(?:\/download)?\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/.exec(path);
  if (named === null) return undefined;
  const name = decodeURIComponent(named[2] ?? '');
  const bucket = (permission: string): StoredBucket => {
    const found = bucketNamed(premises, named[1]);
    permit(premises, permission);
    return found;
  };
  if (method === 'DELETE') {
    const run = (): Answer => {
      bucket('storage.objects.delete').delete(name, query);
      return emptyAnswer(204);
    };
    return { op: 'delete', run };
  }
  if (method !== 'GET') return undefined;
  const find = () => bucket('storage.objects.get').get(name, query);
  return query.get('alt') === 'media'
    ? { op: 'download', run: () => mediaAnswer(find(), request.headers) }
    : { op: 'get', run: () => jsonAnswer(resourceOf(find())) };
}

function bucketCall({ method, path, query }: Target, premises: Premises): Call | undefined {
  const listed = /^\/storage\/v1\/b\/([^/]+)\/o$/.exec(path)?.[1];
  if (method === 'GET' && listed !== undefined) {
    const run = (): Answer => {
      const bucket = bucketNamed(premises, listed);
      permit(premises, 'storage.objects.list');
      const { items, ...page } = bucket.list(query);
      return jsonAnswer({ kind: 'storage#objects', ...page, items: items.map(resourceOf) });
    };
    return { op: 'list', run };
  }
  const policy = /^\/storage\/v1\/b\/([^/]+)\/iam$/.exec(path)?.[1];
  if (method === 'GET' && policy !== undefined) {
    const run = (): Answer => {
      bucketNamed(premises, policy);
      permit(premises, 'storage.buckets.getIamPolicy');
      const bindings = premises.policies.get(policy) ?? [];
      return jsonAnswer({ kind: 'storage#policy', version: 1, etag: 'CAE=', bindings });
    };
    return { op: 'policy', run };
  }
  const asked = /^\/storage\/v1\/b\/([^/]+)\/iam\/testPermissions$/.exec(path)?.[1];
  if (method !== 'GET' || asked === undefined) return undefined;
  const run = (): Answer => {
    bucketNamed(premises, asked);
    const { permissions } = premises;
    const granted = query
      .getAll('permissions')
      .filter((permission) => permissions?.includes(permission) !== false);
    return jsonAnswer({ kind: 'storage#testIamPermissionsResponse', permissions: granted });
  };
  return { op: 'permissions', run };
}

function publicCall({ method, path, request }: Target, premises: Premises): Call | undefined {
  const named = /^\/([^/]+)\/(.+)$/.exec(path);
  if (!premises.cdn || named === null || !['GET', 'HEAD'].includes(method)) return undefined;
  const run = (): Answer => {
    const bucket = bucketNamed(premises, named[1]);
    const object = bucket.get(decodeURIComponent(named[2] ?? ''), new URLSearchParams());
    return publicAnswer(object, request.headers);
  };
  return { op: 'public', run };
}

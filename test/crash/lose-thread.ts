import { Worker } from 'node:worker_threads';

// Loaded into a process before its own script: breaks the thread of its database, from inside, when the process gets
// SIGUSR2, or with LOSE_THREAD=first as soon as the thread is asked for anything.
const NOT_UNDERSTOOD = 'nothing that the thread understands';
let last: Worker | undefined;

/** True for the first message that any thread is sent. */
function isFirstTo(worker: Worker): boolean {
  const isFirst = last === undefined;
  last = worker;
  return isFirst;
}

const post = Worker.prototype.postMessage;

Worker.prototype.postMessage = function (this: Worker, message: unknown): void {
  const breaks = isFirstTo(this) && process.env['LOSE_THREAD'] === 'first';
  post.call(this, breaks ? NOT_UNDERSTOOD : message);
};

process.on('SIGUSR2', () => {
  last?.postMessage(NOT_UNDERSTOOD);
});

export { type KeyServer, aJwk, answering, startKeyServer } from './key-server.ts';

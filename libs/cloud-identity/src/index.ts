export { outgoingTokens } from './outgoing-tokens.ts';

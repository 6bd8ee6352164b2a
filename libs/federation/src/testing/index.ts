export {
  type AnswerParts,
  type AskedPage,
  aQuery,
  aWireKey,
  anAnswer,
  readRequest,
} from './partner-messages.ts';

import type { JsonObject } from '../protocol/json.ts';
import { type OutcomeBody, WholeAnswer } from './outcomes.ts';

/** No JSON begins with it. */
const WHOLE = '\0';

/** JSON as it is. A whole answer behind a byte that begins no JSON. */
export const outcomeBytes = (body: OutcomeBody): Buffer =>
  Buffer.from(body instanceof WholeAnswer ? WHOLE + JSON.stringify(body) : JSON.stringify(body));

export function outcomeBodyIn(bytes: Buffer): OutcomeBody {
  const text = bytes.toString();
  if (!text.startsWith(WHOLE)) return JSON.parse(text) as JsonObject;
  const { headers, text: said } = JSON.parse(text.slice(WHOLE.length)) as WholeAnswer;
  return new WholeAnswer(headers, said);
}

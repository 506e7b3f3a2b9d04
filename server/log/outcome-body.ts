import type { JsonObject } from '../protocol/json.ts';
import { type Outcome, WholeAnswer } from './outcomes.ts';

type Said = Pick<Outcome, 'body' | 'request'>;

/** No JSON begins with either. */
const WHOLE = '\0';
const FOR_ONE_REQUEST = '\x01';

/** JSON as it is. What is more than that stands behind a byte that begins no JSON. */
export function outcomeBytes({ body, request }: Said): Buffer {
  const said = body instanceof WholeAnswer ? WHOLE + JSON.stringify(body) : JSON.stringify(body);
  return Buffer.from(
    request === undefined ? said : `${FOR_ONE_REQUEST}${request}${FOR_ONE_REQUEST}${said}`,
  );
}

export function outcomeIn(bytes: Buffer): Said {
  const text = bytes.toString();
  if (!text.startsWith(FOR_ONE_REQUEST)) return { body: bodyIn(text) };
  const end = text.indexOf(FOR_ONE_REQUEST, 1);
  return { request: text.slice(1, end), body: bodyIn(text.slice(end + 1)) };
}

function bodyIn(text: string): Outcome['body'] {
  if (!text.startsWith(WHOLE)) return JSON.parse(text) as JsonObject;
  const { headers, text: said } = JSON.parse(text.slice(WHOLE.length)) as WholeAnswer;
  return new WholeAnswer(headers, said);
}

import { Parser } from 'htmlparser2';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';

const NAMES_MAX = 50;
const DEPTH_MAX = 20;

/** The answer of oEmbed as JSON or XML: an object, empty where it is neither. */
export const oEmbedIn = (contentType: string, text: string): JsonObject =>
  /^\s*(?:text|application)\/xml\b/i.test(contentType) ? inXml(text) : inJson(text);

function inJson(text: string): JsonObject {
  try {
    const json = JSON.parse(text) as JsonValue;
    return isObject(json) ? json : {};
  } catch {
    return {};
  }
}

/** `<oembed><title>…</title></oembed>` */
function inXml(text: string): JsonObject {
  const found = new Map<string, string>();
  const open: string[] = [];
  const parser = new Parser(
    {
      onopentag(name) {
        open.push(name.toLowerCase());
        if (open.length > DEPTH_MAX || found.size > NAMES_MAX) parser.pause();
      },
      ontext(more) {
        if (open.length === 2 && open[0] === 'oembed')
          found.set(open[1]!, (found.get(open[1]!) ?? '') + more);
      },
      onclosetag: () => void open.pop(),
    },
    { xmlMode: true },
  );
  parser.write(text);
  return Object.fromEntries(found);
}

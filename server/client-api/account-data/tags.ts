import { badJson, invalidParam } from '../../http/matrix-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';

const NAME_BYTES_MAX = 255;

/** What `m.tag` of a room may be, whichever endpoint it comes by. */
export function refuseWrongTags({ tags }: JsonObject) {
  if (tags === undefined) return;
  if (!isObject(tags)) throw badJson('tags must be an object');
  for (const [name, tag] of Object.entries(tags)) {
    if (Buffer.byteLength(name) > NAME_BYTES_MAX)
      throw invalidParam(`The name of a tag has at most ${NAME_BYTES_MAX} bytes`);
    refuseWrongTag(tag);
  }
}

export function refuseWrongTag(tag: JsonValue) {
  if (!isObject(tag)) throw badJson('A tag must be an object');
  if (tag.order !== undefined && typeof tag.order !== 'number')
    throw badJson('order must be a number');
}

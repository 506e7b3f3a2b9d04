const CONTENT_TYPE_LENGTH_MAX = 255;
const TOKEN = "[\\w!#$&'*+.^`|~-]+";
const CONTENT_TYPE = new RegExp(`^${TOKEN}/${TOKEN}\\s*(;[\\x20-\\x7e]*)?$`);
const UNKNOWN = 'application/octet-stream';

/** As the uploader says it; what is none is `application/octet-stream` (client-server API, downloads). */
export const contentTypeIn = (header: string | undefined): string =>
  header !== undefined && header.length <= CONTENT_TYPE_LENGTH_MAX && CONTENT_TYPE.test(header)
    ? header
    : UNKNOWN;

/** What may be shown in a browser (client-server API, "Serving inline content"). */
const INLINE = new Set([
  ...['text/css', 'text/plain', 'text/csv', 'application/json', 'application/ld+json'],
  ...['image/jpeg', 'image/gif', 'image/png', 'image/apng', 'image/webp', 'image/avif'],
  ...['video/mp4', 'video/webm', 'video/ogg', 'video/quicktime'],
  ...['audio/mp4', 'audio/webm', 'audio/aac', 'audio/mpeg', 'audio/ogg', 'audio/wave'],
  ...['audio/wav', 'audio/x-wav', 'audio/x-pn-wav', 'audio/flac', 'audio/x-flac'],
]);

const FILE_NAME_LENGTH_MAX = 255;

/** A name, and no path: whoever saves the file must not put it elsewhere by it. */
export const baseName = (text: string): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out.
  const visible = text.toWellFormed().replaceAll(/[\x00-\x1f\x7f]/g, '');
  const last = visible.slice(visible.search(/[^/\\]*$/));
  const name = [...last].slice(0, FILE_NAME_LENGTH_MAX).join('');
  return /^\.*$/.test(name) ? '' : name;
};

/** RFC 6266: a name of plain letters as it is, any other in UTF-8. */
export function dispositionOf(contentType: string, fileName: string | null): string {
  const essence = contentType.split(';', 1)[0]!.trim().toLowerCase();
  const kind = INLINE.has(essence) ? 'inline' : 'attachment';
  if (fileName === null) return kind;
  return /^[\w.-]+$/.test(fileName)
    ? `${kind}; filename=${fileName}`
    : `${kind}; filename*=utf-8''${encoded(fileName)}`;
}

/** What RFC 8187 does not let stand as it is. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

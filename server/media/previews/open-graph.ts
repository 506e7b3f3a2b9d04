import type { JsonObject } from '../../protocol/json.ts';
import { type Page, TEXT_LENGTH_MAX, tidy } from './page-reader.ts';

/** What a page, or the answer of oEmbed, gives for a preview. */
export interface Told {
  readonly properties: Readonly<Record<string, string>>;
  /** As it stands there: relative to the page, or no URL at all. */
  readonly pictureAt: string | undefined;
}

/** Of Twitter's cards, what has no other name. */
const SAME: Readonly<Record<string, string>> = {
  'twitter:title': 'og:title',
  'twitter:description': 'og:description',
  'twitter:site': 'og:site_name',
  'twitter:image': 'og:image',
  'twitter:image:src': 'og:image',
};

/** Of the Open Graph protocol, what leads elsewhere. */
const URL_AT =
  /^og:(?:url|(?:video|audio)(?::url|:secure_url)?)$|^(?:article|profile):(?:author|publisher)$/;

/** What a page tells, at which URL it is. The picture is told of apart: clients get it from us. */
export function openGraphOf(page: Page, at: URL): Told {
  const { title, heading, text } = page;
  const named = namedIn(page.properties);
  const picture = named.get('og:image') ?? named.get('og:image:url') ?? page.pictureAt;
  const properties: Record<string, string> = {};
  for (const [name, value] of named) {
    const told = URL_AT.test(name) ? webUrl(value, at) : tidy(value);
    if (told !== undefined && told !== '' && !name.startsWith('og:image')) properties[name] = told;
  }
  properties['og:title'] ??= title || heading;
  properties['og:description'] ??= named.get('description') ?? text;
  return { properties: toldOf(properties), pictureAt: picture };
}

function namedIn(properties: Page['properties']): Map<string, string> {
  const named = new Map<string, string>();
  for (const [name, value] of properties) if (!name.startsWith('twitter:')) named.set(name, value);
  for (const [name, value] of properties) {
    const same = SAME[name];
    if (same !== undefined && !named.has(same)) named.set(same, value);
  }
  return named;
}

/** Clients may make a link of it. */
function webUrl(text: string, base: URL): string | undefined {
  const url = URL.parse(text, base);
  const isWeb = url !== null && /^https?:$/.test(url.protocol);
  return isWeb && url.href.length <= TEXT_LENGTH_MAX ? url.href : undefined;
}

const toldOf = ({ description: _, ...properties }: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(properties)
      .map(([name, value]) => [name, tidy(value)])
      .filter(([, value]) => value !== ''),
  );

const OEMBED_NAMES: Readonly<Record<string, string>> = {
  title: 'og:title',
  provider_name: 'og:site_name',
  author_name: 'og:description',
};

/** What the answer of oEmbed gives (oembed.com, 2.3.4). */
export function openGraphOfOEmbed(answer: Readonly<JsonObject>): Told {
  const text = (name: string) => {
    const value = answer[name];
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  };
  const properties: Record<string, string> = {};
  for (const [name, property] of Object.entries(OEMBED_NAMES)) {
    const value = text(name);
    if (value !== undefined) properties[property] = tidy(value);
  }
  const photo = answer.type === 'photo' ? text('url') : undefined;
  return { properties, pictureAt: text('thumbnail_url') ?? photo };
}

/** The page goes first: many say only a little of themselves by oEmbed. */
export const both = (page: Told, embedded: Told): Told => ({
  properties: { ...embedded.properties, ...page.properties },
  pictureAt: page.pictureAt ?? embedded.pictureAt,
});

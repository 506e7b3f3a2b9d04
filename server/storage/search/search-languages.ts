/** Those that PostgreSQL brings along; `simple` takes words as they are. */
export const SEARCH_LANGUAGES = [
  ...(['simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english'] as const),
  ...(['finnish', 'french', 'german', 'greek', 'hindi', 'hungarian', 'indonesian'] as const),
  ...(['irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian'] as const),
  ...(['russian', 'serbian', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish'] as const),
] as const;
export type SearchLanguage = (typeof SEARCH_LANGUAGES)[number];

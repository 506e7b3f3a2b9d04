/** "2h", "1h30m", "45m", "90s", as minutes; null where it is none of these. */
export function minutesIn(text: string): number | null {
  const [, hours, minutes, seconds] =
    /^(?:(\d{1,2})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?$/.exec(text) ?? [];
  if (hours === undefined && minutes === undefined && seconds === undefined) return null;
  return 60 * Number(hours ?? 0) + Number(minutes ?? 0) + Number(seconds ?? 0) / 60;
}

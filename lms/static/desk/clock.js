// Time at the desk: the device's clock, what the server's clock says against it, the event's own zone.

import { say } from "./words.js";

const lang = document.documentElement.lang;
const language = lang === "en" ? "en-GB" : lang;
const AROUND = 3 * 3600 * 1000;

// The server's time as far as this device knows it. `skew` is server minus device, in milliseconds.
export const moment = (device) => new Date(Date.now() + (device?.skew ?? 0));

export const clock = (when, zone) =>
  new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(
    new Date(when),
  );

export function greeting(when, zone) {
  const hour = Number(clock(when, zone).slice(0, 2));
  if (hour < 12) return "morning";
  return hour < 18 ? "afternoon" : "evening";
}

// What people call a half-day: "Thursday morning"; with its hour where that would be said of two.
export function called(halfDay, halfDays, zone) {
  const when = new Date(halfDay.starts_at);
  const part = (one) => dated(one.starts_at, zone) + greeting(one.starts_at, zone);
  const twins = halfDays.filter((one) => part(one) === part(halfDay)).length > 1;
  const day = new Intl.DateTimeFormat(language, { weekday: "long", timeZone: zone }).format(when);
  return twins
    ? say("at-a-time", { day, time: clock(when, zone) })
    : say(`in-the-${greeting(when, zone)}`, { day });
}

const dated = (when, zone) => new Intl.DateTimeFormat("en-GB", { timeZone: zone }).format(new Date(when));

export const dayOf = (when, zone) =>
  new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: zone }).format(new Date(when));

// Whether someone seen now counts for a half-day: nobody comes three hours before it, or leaves three hours after.
export const isNow = (halfDay, when) =>
  new Date(halfDay.starts_at) - when <= AROUND && when - new Date(halfDay.ends_at) <= AROUND;

// The half-day a desk checks in to: the one going on, else the next one, else the last.
export function current(halfDays, when) {
  const ahead = halfDays.filter((one) => when < new Date(one.ends_at));
  if (ahead.length) return ahead.reduce((a, b) => (new Date(b.starts_at) < new Date(a.starts_at) ? b : a));
  return halfDays.reduce((a, b) => (a && new Date(a.ends_at) >= new Date(b.ends_at) ? a : b), null);
}

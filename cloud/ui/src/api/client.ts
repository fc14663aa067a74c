import createClient from "openapi-fetch";
import type { components, paths } from "../api.gen";
import { Problem, problemFrom } from "./problem";

export type Schemas = components["schemas"];

/** The typed client of the cloud's own API; the session travels as a cookie of the same origin. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin" });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of an answer, or the server's problem thrown as `Problem`. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    throw new Problem(0, "network", String(cause));
  }
  if (!answer.response.ok) throw problemFrom(answer.response.status, answer.error);
  return answer.data as T;
}

/** Whether the server answers at all. */
export function serverAnswers(): Promise<boolean> {
  return fetch("/api/v1/health").then(
    (answer) => answer.ok,
    () => false,
  );
}

/** zod decides; what it refuses is told field by field, and nothing is coerced. */
import type { z } from "zod";
import type { FieldError } from "../core/errors.ts";
import { HttpProblem } from "./problems.ts";

/** The first so many bad fields are told; a table of a million bad rows has a short answer. */
const FIELD_ERRORS_MAX = 20;
/** A field of ours has a shorter name; what else a caller sends is not repeated at any length. */
const NAME_CHARACTERS_MAX = 64;

export function parse(
  schema: z.ZodType | undefined,
  value: unknown,
  part: "path" | "query" | "body",
): unknown {
  if (!schema) {
    if (value === undefined || value === null) return undefined;
    if (typeof value === "object" && Object.keys(value).length === 0) return undefined;
    const message = `this call takes no ${part}`;
    throw problemOf(part, [{ code: "custom", path: [], message }]);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw problemOf(part, result.error.issues);
}

function problemOf(part: string, issues: readonly z.core.$ZodIssue[]): HttpProblem {
  const errors = new FieldErrors();
  errors.add(issues);
  return errors.problem(part);
}

/** What is wrong with a value, in the order in which it is found, part by part where it is large. */
export class FieldErrors {
  readonly #first: FieldError[] = [];
  count = 0;

  add(issues: readonly z.core.$ZodIssue[]): void {
    for (const error of issues.flatMap(fieldErrors)) {
      if (++this.count <= FIELD_ERRORS_MAX) this.#first.push(error);
    }
  }

  problem(part: string): HttpProblem {
    const [first] = this.#first;
    const more = this.count > 1 ? ` (and ${this.count - 1} more)` : "";
    const where = first?.path ? `${first.path}: ` : "";
    return new HttpProblem(400, "invalid-request", {
      detail: `the ${part} is not as documented: ${where}${first?.message}${more}`,
      correction: "Correct the fields named in errors; /docs describes each of them",
      errors: this.#first,
    });
  }
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "invalid_union" && issue.errors.length > 0) return closestBranch(issue);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: formatPath([...issue.path, key]),
      message: "this field is not known here",
    }));
  }
  return [{ path: formatPath(issue.path), message: messageOf(issue) }];
}

/** The library's, which would name `undefined`, too, where a form is told by a field left out. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union" || !("options" in issue)) return issue.message;
  const named = issue.options?.filter((option) => option !== undefined) ?? [];
  return `Invalid option: expected one of ${named.map((option) => `"${String(option)}"`).join("|")}`;
}

/** Of a union, what is wrong with the form that was nearly met. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion): FieldError[] {
  const [closest = []] = [...issue.errors].sort((a, b) => a.length - b.length);
  return closest.flatMap((inner) =>
    fieldErrors({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue),
  );
}

/** `["entries", 3, "firstLba"]` is `entries[3].firstLba`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = shortened(String(key));
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

function shortened(name: string): string {
  return name.length > NAME_CHARACTERS_MAX ? `${name.slice(0, NAME_CHARACTERS_MAX)}…` : name;
}

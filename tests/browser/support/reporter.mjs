// Says how the tests went in the form of cargo's, which tests/run reads.

import { Transform } from "node:stream";

/** The cause, without the frames of the runner. */
function why(error) {
  const cause = error?.cause ?? error;
  const text = String(cause?.stack ?? cause);
  return text
    .split("\n")
    .filter((line) => !line.includes("node:internal"))
    .join("\n    ");
}

let passed = 0;
let failed = 0;

export default new Transform({
  writableObjectMode: true,
  transform({ type, data }, _encoding, done) {
    const isSuite = data.details?.type === "suite";
    const seconds = ((data.details?.duration_ms ?? 0) / 1_000).toFixed(1);
    if (type === "test:pass" && !isSuite && data.skip === undefined) {
      passed += 1;
      this.push(`test ${data.name} ... ok (${seconds} s)\n`);
    } else if (
      type === "test:fail" &&
      (!isSuite || data.details.error?.failureType === "hookFailed")
    ) {
      failed += 1;
      this.push(`test ${data.name} ... FAILED (${seconds} s)\n    ${why(data.details.error)}\n`);
    }
    done();
  },
  flush(done) {
    // A pattern that matches nothing proves nothing.
    const isOk = failed === 0 && passed > 0;
    if (!isOk) process.exitCode = 1;
    const word = isOk ? "ok" : "FAILED";
    this.push(`\ntest result: ${word}. ${passed} passed; ${failed} failed; 0 ignored\n`);
    done();
  },
});

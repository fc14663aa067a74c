// Reads a JSON list of Flux texts from stdin and answers with the list of those that InfluxData's own parser and
// type checker refuse.
const { Flux } = require(process.argv[2]);
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const refused = texts.filter((text) => {
  try {
    return !new Flux(text).is_valid();
  } catch (error) {
    return true;
  }
});
process.stdout.write(JSON.stringify(refused));

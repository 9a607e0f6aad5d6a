// Reads a site's mentions as a blog made with Eleventy does, with the plugin as it is published, and prints them.
// node read_feed.cjs '{"domain":…,"feed":…,"key":…}': the plugin's own options; the cache lies in the working folder.

const { defaults, retrieveWebmentions } = require("@chrisburnell/eleventy-cache-webmentions");

const options = { ...defaults, ...JSON.parse(process.argv[2]) };
console.log = console.error; // what the plugin tells is not what is asked for
retrieveWebmentions(options).then((mentions) => process.stdout.write(JSON.stringify(mentions)));

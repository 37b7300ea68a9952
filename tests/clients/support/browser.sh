# A real browser, spoken to as the WebDriver standard says (https://www.w3.org/TR/webdriver2/): Debian's Chromium,
# headless, and its driver. No library between: what a page does is asked of it in its own language.

driver=
browser=

# open_browser WIDTH HEIGHT [light|dark]
open_browser() {
    local port options
    need chromium chromedriver jq
    if [[ -z $driver ]]; then
        port=$(free_port)
        start chromedriver chromedriver --port="$port"
        driver=http://127.0.0.1:$port
        eventually 30 ready chromedriver "$driver/status" || fail "chromedriver does not answer"
    fi
    options=$(jq -nc --arg folder "$work/browser" '{browserName: "chrome", "goog:loggingPrefs": {browser: "ALL"},
        "goog:chromeOptions": {args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            "--user-data-dir=" + $folder]}}')
    browser=$(web POST /session "{\"capabilities\": {\"alwaysMatch\": $options}}" | jq -r .sessionId)
    [[ $browser != null ]] || skip "Chromium does not start here"
    devtools Emulation.setDeviceMetricsOverride "{\"width\": $1, \"height\": $2, \"deviceScaleFactor\": 1, \"mobile\": false}"
    devtools Emulation.setEmulatedMedia \
        "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"${3:-light}\"}]}"
}

# Also on the way out of a test that fails: its driver leaves a browser behind that nobody has told to end.
close_browser() {
    [[ -n $browser ]] || return 0
    web DELETE "/session/$browser" >"$work/closed"
    browser=
}

# web METHOD PATH [JSON]: the answer's value.
web() {
    curl --silent --max-time 60 --request "$1" --header 'Content-Type: application/json' ${3:+--data "$3"} \
        "$driver$2" | jq -c .value
}

devtools() { web POST "/session/$browser/goog/cdp/execute" "{\"cmd\": \"$1\", \"params\": $2}" >"$work/devtools"; }

visit() { web POST "/session/$browser/url" "{\"url\": \"$1\"}" >"$work/visited"; }

# page SCRIPT: what the script returns, as text.
page() {
    web POST "/session/$browser/execute/sync" "$(jq -nc --arg script "$1" '{script: $script, args: []}')" | jq -r .
}

# text ID: what a person reads there.
text() { page "return document.getElementById('$1').textContent"; }

click() { page "document.querySelector('$1').click()" >"$work/clicked"; }

# Complaints of the browser about the page, one a line: scripts that fail, what the page's policy forbids.
console() { web POST "/session/$browser/se/log" '{"type": "browser"}' | jq -r '.[].message'; }

# screenshot NAME: the whole page, kept beside the build where there is one.
screenshot() {
    local to=${SCREENSHOTS:-$work}
    mkdir -p "$to"
    web POST "/session/$browser/goog/cdp/execute" \
        '{"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": true}}' | jq -r .data |
        base64 --decode >"$to/$1.png"
    [[ $(head -c 8 "$to/$1.png" | base64) == iVBORw0KGgo= ]] || fail "$1 is no picture"
}

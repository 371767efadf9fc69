#!/usr/bin/env bash
# A day in the life of a Central Unit: two States, a hit and its verification, a blocking, an erasure, a request of a data subject
# that is answered across States, the supervisor's view, the report. Against a real server, with curl and jq.
#
#   docs/a-day.sh [PROGRAM]        PROGRAM: whorl (target/release/whorl unless given)
set -euo pipefail
whorl=${1:-$(dirname "$0")/../target/release/whorl}
data=$(mktemp -d)
trap 'kill $server 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$data"' EXIT
say() { printf '\n== %s\n' "$*"; }
expect() { if [ "$1" = "$2" ]; then echo "   $3: $1"; else echo "   $3: $1, and not $2"; exit 1; fi; }

say "The operator makes a data directory; operations start today for Austria and Germany"
admin=$("$whorl" init --data "$data/unit" --states AT,DE --json | jq -r .key)
"$whorl" serve --data "$data/unit" --listen 127.0.0.1:0 --backend cpu >"$data/address" 2>"$data/log" &
server=$!
for _ in $(seq 100); do grep -q listening "$data/address" && break; sleep 0.1; done
url=$(sed -n 's/^listening on //p' "$data/address")
today=$(date +%F)

# call METHOD PATH KEY PERSON [BODY]: the answer's body; its status in $data/status
call() {
  local body=()
  [ $# -lt 5 ] || body=(-H 'Content-Type: application/json' -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" --data-binary "@$5")
  curl -sS -X "$1" "$url$2" -H "Authorization: Bearer $3" -H "Whorl-Person: $4" "${body[@]}" -w '%{stderr}%{http_code}' 2>"$data/status"
}
status() { cat "$data/status"; }

say "The administrator designates authorities, and gives each its key"
designate() {
  jq -n "$1" >"$data/body"
  call POST /v1/registers/authorities "$admin" 'A. Admin' "$data/body" | jq -r .key
}
at=$(designate '{name: "BFA Wien", role: "member-state", member_state: "AT"}')
de=$(designate '{name: "BAMF", role: "member-state", member_state: "DE"}')
supervisor=$(designate '{name: "Joint supervisory authority", role: "joint-supervisor"}')
commission=$(designate '{name: "Commission", role: "commission"}')

say "Two people, whose prints are grown, each put down several times"
"$whorl" generate --people 2 --seed 7 --impressions 4 --fingers 2,7 --layout fvc --output "$data/prints" 2>/dev/null
finger() { jq -n --arg data "$(base64 -w0 "$1")" --argjson position "$2" \
  '{position: $position, media_type: "application/x-iso-19794-2-2005", data: $data}'; }
# prints PERSON IMPRESSION: both index fingers
prints() {
  local right left
  # A finger's number is 10 times the person's, and its position less 1.
  right="$data/prints/$(( ($1 - 1) * 10 + 1 ))_$2.fmr"
  left="$data/prints/$(( ($1 - 1) * 10 + 6 ))_$2.fmr"
  { finger "$right" 2; finger "$left" 7; } | jq -s .
}
# transmit KEY NUMBER CATEGORY PERSON IMPRESSION
transmit() {
  prints "$4" "$5" >"$data/fingers"
  jq -n --slurpfile fingers "$data/fingers" --arg number "$2" --argjson category "$3" --arg today "$today" '
    {category: $category, reference_number: $number, fingerprints: $fingers[0],
     attestations: {aged_14_or_over: true, informed: true}}
    + (if $category < 3 then {sex: "female", fingerprints_taken_on: $today} else {} end)
    + (if $category == 1 then {application: {place: "Wien", date: $today}} else {} end)' >"$data/body"
  call POST /v1/eurodac/transmissions "$1" 'M. Huber' "$data/body"
}

say "Somebody applies for asylum in Austria, and later in Germany: Germany is told"
first=$(transmit "$at" AT1-1 1 1 1)
expect "$(jq '.comparison.hits | length' <<<"$first")" 0 "hits in Austria"
second=$(transmit "$de" DE1-1 1 1 2)
expect "$(jq -r '.comparison.hits[].record.reference_number' <<<"$second")" AT1-1 "found in Germany"
record=$(jq -r .record_id <<<"$first")
hit=$(jq -r '.comparison.hits[0].hit_id' <<<"$second")

say "A German expert compares the prints, and confirms the hit"
echo '{"verdict": "confirmed"}' >"$data/body"
expect "$(call POST "/v1/eurodac/hits/$hit/verification" "$de" 'E. Expert' "$data/body" | jq -r .verification.verdict)" confirmed "verdict"

say "Somebody else applies in Austria, is recognised as a refugee, and blocked: a German check does not find them"
blocked=$(transmit "$at" AT1-2 1 2 1 | jq -r .record_id)
echo '{"blocked": true}' >"$data/body"
expect "$(call PUT "/v1/eurodac/records/$blocked/blocking" "$at" 'M. Huber' "$data/body" | jq .blocked)" true "blocked"
expect "$(transmit "$de" DE3-1 3 2 2 | jq '.comparison.hits | length')" 0 "hits of a check"

say "The first person asks in Germany that the Austrian data be erased; Austria erases them, and answers"
prints 1 3 >"$data/fingers"
jq -n --slurpfile fingers "$data/fingers" '{reference_number: "DE9-1", right: "erasure", fingerprints: $fingers[0]}' >"$data/body"
request=$(call POST /v1/eurodac/rights-requests "$de" 'R. Recht' "$data/body")
expect "$(jq -c '[.sets[].reference_number] | sort' <<<"$request")" '["AT1-1","DE1-1"]' "the person's sets"
call DELETE "/v1/eurodac/records/$record?ground=unlawfully-recorded" "$at" 'M. Huber'
expect "$(status)" 204 "erased"
echo '{"outcome": "done", "told_in_writing": true}' >"$data/body"
call POST "/v1/eurodac/rights-requests/$(jq -r .request_id <<<"$request")/answer" "$at" 'M. Huber' "$data/body" >/dev/null
expect "$(status)" 200 "answered"
expect "$(call GET /v1/eurodac/notices "$de" 'E. Expert' | jq -r '.notices[].concern')" erased-after-hit "Germany's notice"
expect "$(transmit "$de" DE3-2 3 1 4 | jq '.comparison.hits | length')" 0 "hits of a check"

say "Germany asks for an Austrian record: it is told what it is told of a record that never was"
foreign=$(call GET "/v1/eurodac/records/$blocked" "$de" 'M. Huber')
unknown=$(call GET "/v1/eurodac/records/00000000-0000-4000-8000-000000000001" "$de" 'M. Huber')
expect "$foreign" "$unknown" "the same answer"

say "The joint supervisor sees who did what"
audit=$(call GET '/v1/audit/records?limit=200' "$supervisor" 'S. Super')
jq -r '.records[] | select(.member_state) | "   \(.number)  \(.operation)  \(.member_state)  \(.reference_number // "")  \(.code // .outcome)"' <<<"$audit"
expect "$(jq '[.records[] | select(.outcome == "refused")] | length' <<<"$audit")" 2 "refusals on record"

say "The Commission reads the report"
report=$(call GET "/v1/reports/annual/${today%%-*}" "$commission" 'C. Comm')
jq '.statistics | {hits, verifications, erasures, blockings, stored}' <<<"$report"
expect "$(jq -c '[.statistics.erasures[] | .ground]' <<<"$report")" '["unlawfully-recorded"]' "erasures"
curl -sS "$url/v1/reports/annual/${today%%-*}" -H "Authorization: Bearer $commission" -H 'Whorl-Person: C. Comm' -H 'Accept: text/html' >"$data/report.html"
expect "$(grep -c '<svg' "$data/report.html" | sed 's/^[1-9].*/some/')" some "charts in the page"

say "The server stops, and its journal is verified by a program that trusts nothing of it"
kill "$server"; wait "$server" || true
"$whorl" audit verify --data "$data/unit" >/dev/null
echo "   verified"
say "Everything as expected"

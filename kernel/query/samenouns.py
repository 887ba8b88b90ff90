"""Nouns that name the same thing, and those that one may be: data.

Covers: things of offices, computers, travel, health, homes and shops. Does not cover: deeds and
looking it up (`kernel.query.synonyms`), verbs and adjectives (`kernel.query.thesaurus`). Pure.
"""

from __future__ import annotations

from typing import Final

SAME_NOUNS: Final = """
certificate cert
directory folder path
password passphrase pwd passwd
truck lorry
bike bicycle
flat apartment
postcode zip zipcode postal
customer client
supplier vendor
invoice bill
quotation quote offer
shipment consignment
parcel package
discount rebate
uptime availability
environment env
production prod
development dev
staging stage
database db
kubernetes k8s
configuration config conf settings preferences
latency ping
bug defect
boss supervisor
salary wage
vacation holiday
topic subject
employee staff
username login
revenue turnover
picture photo image
movie film
shop store
country nation
city town
company firm organisation organization
colour color
programme program
centre center
lift elevator
fridge refrigerator
mobile cell cellphone
lawyer attorney
doctor physician
holder bearer
instalment installment
checksum hash digest
developer engineer
attendee participant
recipient addressee consignee receiver
sender shipper
warehouse depot
courier carrier
freight cargo
pallet pallets skid
weight mass
duration runtime elapsed
quantity count
surname lastname
nickname alias handle
department division
goal target objective
expense expenses spending
deposit prepayment
excess deductible
insurer insurance
policyholder insured
landlord lessor
tenant lessee
teacher instructor
pupil student
exam test
ticket case
website site
homepage website
newsletter mailing
commit revision
repository repo
pipeline workflow
artifact artefact
warning warn
summary overview
abstract summary
remark note
quota limit
capacity size
frequency interval
schedule timetable
interval period
location place site
specimen sample
allergy allergies allergic
dose dosage
medicine medication drug
illness disease
mistake error
outage downtime
alarm alert
aircraft airplane aeroplane plane jet
luggage baggage
trip journey travel
ship vessel boat
harbour harbor
coach bus
metro subway underground
toilet restroom wc bathroom
canteen cafeteria
mark grade score
thesis dissertation
lecturer instructor teacher
speaker presenter
chapter section
appendix annex
clause section
contract agreement
fine penalty
loan credit
surcharge supplement
forecast projection estimate prediction
colleague coworker
applicant candidate
trainee intern apprentice
child kid
infant baby
symptom complaint
surgery operation procedure
vaccination vaccine jab
pharmacy chemist
appearance theme
typeface font
bookmark favourite favorite
attachment enclosure
permission privilege
conversation thread discussion
comment remark
queue backlog
sprint iteration
patch hotfix fix
function method
parameter argument
category class type kind
manufacturer maker brand make producer
product item article
stock inventory
box carton crate
petrol gasoline fuel
tyre tire
temperature temp
humidity moisture
sensor probe detector
meter gauge
electricity power energy
tap faucet
rubbish trash garbage waste
song track
artist singer band performer
squad team
match game fixture
stadium arena ground
referee umpire
meal dish
starter appetizer
dessert pudding
destination target
inhabitant resident
nationality citizenship
district borough
screenshot capture
diagram chart graph plot
presentation slides deck
spreadsheet workbook sheet
roster rota
shift duty
voucher coupon
basket cart trolley
refund reimbursement
rating score stars
survey questionnaire poll
feedback review
janitor caretaker
cleaner housekeeper
plumber fitter
guard security
guest visitor
neighbour neighbor
flatmate roommate
assistant aide
secretary clerk
accountant bookkeeper
auditor inspector
architect designer
author writer
translator interpreter
accident crash collision
burglary break-in theft
injury wound
nurse carer
dentist doctor
vet veterinarian
corridor hallway
basement cellar
storey floor level
parking garage
desk workstation
cupboard cabinet locker
shelf rack bin
drawer compartment
badge card
visa permit
licence license permit
platform track
fare price
journey ride
traveller traveler passenger
crew staff
captain skipper
pilot captain
cabin berth
cruise voyage
parcel packet
stamp postage
mailbox inbox
"""
"""Each line: nouns that name one thing."""

MAY_BE: Final = """
charge: fee fees
spend: payment paid pay purchase
spent: payment paid pay purchase
phone: mobile cell landline extension ext
owe: outstanding unpaid due open balance
outstanding: open unpaid due owed
unpaid: outstanding open due
manager: supervisor boss
boss: manager
supervisor: manager
deputy: backup secondary substitute alternate
stand-in: backup substitute deputy
salary: pay compensation
wage: pay
vacation: leave pto absence
holiday: leave pto vacation
end: expire expiry expiration finish
start: begin effective
birthday: birth dob
born: birth dob birthday
laptop: notebook
vehicle: car truck van lorry
car: vehicle
meeting: appointment
subject: title
title: subject
vat: tax mwst gst
tax: vat mwst gst
issue: ticket bug
bug: issue
author: writer written wrote
writer: author
wrote: author
raised: opened reported filed created submitted
raise: opened reported filed created submitted
reported: raised opened filed
created: opened
shipped: dispatched
transfer: pay paid send sent
transferred: paid sent
pay: transfer transferred settled
version: release build
staff: team
delivery: shipment parcel arrival
parcel: shipment delivery
shipment: parcel delivery
disk: storage
storage: disk space
space: storage
speed: rate
ip: address
address: ip street
expire: valid end
expires: valid end
doctor: dr physician gp consultant
driver: driven drove
role: position job title function
host: server machine node
node: host
maximum: limit
region: location
scheduled: planned
planned: scheduled
venue: location place room
reason: cause
cause: reason
fare: price
ticket: issue
place: location
live: address residence
lives: address residence
work: employer company
leave: departure departs depart
leaves: departure departs depart
left: departed departure
land: arrival arrives
lands: arrival arrives
late: delayed delay overdue behind
down: stopped offline unavailable unreachable outage disconnected failed
red: failed failing failure
green: passed passing succeeded
crash: segfault segmentation panic panicked killed aborted exited crashed
refused: nack
rejected: nack
fee: price cost rate tariff
cost: price charge
tariff: rate price fee
estimate: quote
income: earnings revenue salary
profit: earnings income
earnings: income revenue profit
task: job todo ticket item card
job: task
head: lead manager chief director
chief: head lead director
leader: lead head
lead: leader head
spouse: wife husband partner
partner: spouse wife husband
condition: diagnosis status
ward: unit
backup: snapshot
network: wifi wlan ssid
wifi: wlan wireless ssid
wlan: wifi wireless
gateway: router
router: gateway
option: switch flag
area: surface size
permission: rights
access: permission role rights
rights: permissions role
incident: outage event
setting: option preference parameter
credentials: login password
model: type
reading: value measurement
measurement: reading value
deadline: due cutoff closing
surname: family name
origin: source from
timezone: zone tz
coach: trainer car
trainer: coach
physician: doctor gp
consultant: doctor advisor
adviser: advisor consultant
advisor: adviser consultant
caller: customer client
user: account
account: user login
computer: pc laptop machine workstation desktop
pc: computer workstation
machine: host server computer
display: screen monitor
monitor: display screen
extension: ext
engine: motor
motor: engine
picture: screenshot thumbnail
consumption: usage use
usage: consumption use
use: usage utilisation utilization
food: meal meals catering
meal: food breakfast lunch dinner
load: usage utilisation utilization
occupancy: utilisation utilization
trend: change
difference: change delta diff
change: difference delta diff
growth: change increase
remainder: rest remaining balance left
rest: remaining remainder
balance: remaining
headcount: employees staff
vacancy: opening position
opening: vacancy
guest: attendee participant
expert: specialist
specialist: expert consultant
contractor: supplier vendor company firm
firm: contractor
employer: company
organiser: host chair organizer
organizer: host chair organiser
chairman: chair chairperson
chair: chairman chairperson
substitute: deputy replacement cover
replacement: substitute
defect: fault issue error
fault: error defect alarm
problem: issue error fault
damage: defect
flaw: bug defect
"""
"""What a screen may say for the word before the colon; not the other way round."""
